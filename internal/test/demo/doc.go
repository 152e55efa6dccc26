// Command demo shows the main job from one end to the other in a minute: a
// cluster is applied, jobs arrive, workers come, jobs end, workers go, a plan
// shows no difference, and a destroy leaves nothing.
//
// The provider, the scaler and the Terraform or OpenTofu command are the real
// ones; the OpenStack is the embedded one, its guests are played, and time is
// compressed. The batch system is played too: the demo puts the batch system's own
// commands in front of it (condor_q and condor_status, squeue and scontrol, or llq,
// llstatus and llclass), which
// print what the real ones print, so that the scaler reads it as it would read a real one.
// Its configuration is the same for every batch system.
package main
