#!/bin/sh
# Starts hello by Open MPI's own mpirun: sbatch --wait mpirun.sh; the result is in
# hello-JOB.out.
#SBATCH --job-name=hello
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --time=10
#SBATCH --chdir=/tmp
set -eu

# Nodes share no folder: each worker fetches the program from where the job was submitted.
program=/tmp/hello-$SLURM_JOB_ID
srun --ntasks="$SLURM_NNODES" --ntasks-per-node=1 \
  scp -q "$SLURM_SUBMIT_HOST:$SLURM_SUBMIT_DIR/hello" "$program"

# mpirun takes the workers from the job, and reaches them by the cluster's SSH. Open MPI
# before 5.0 calls the same launcher rsh: mpirun --mca plm rsh
status=0
mpirun --prtemca plm ssh "$program" >"$program.out" 2>&1 || status=$?

# This worker, and its files, may be gone a minute after the job.
scp -q "$program.out" "$SLURM_SUBMIT_HOST:$SLURM_SUBMIT_DIR/"
exit "$status"
