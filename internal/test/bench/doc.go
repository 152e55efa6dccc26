// Package bench measures runs of programs and of plain API calls, for the benchmarks
// below it: package scale compares the provider and the scaler with the embedded cloud's
// own pace, package peers compares the provider with others on a real cloud.
package bench
