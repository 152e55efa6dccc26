"use strict";
// Without this script the page is whole, and stays as it was loaded.
(() => {
  const every = 10000;
  let failures = 0;
  const refresh = async () => {
    try {
      const answer = await fetch(location.href, { cache: "no-store" });
      if (!answer.ok) throw new Error("status " + answer.status);
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
      if (fresh === null) throw new Error("another page came");
      document.getElementById("live").replaceWith(fresh);
      failures = 0;
    } catch (error) {
      failures += 1;
      const health = document.getElementById("health");
      health.className = "bad";
      health.textContent = "The scaler does not answer (" + error.message + "); what is below is old.";
    }
    document.documentElement.dataset.refreshed = String(failures === 0);
    setTimeout(refresh, every);
  };
  setTimeout(refresh, every);
})();
