/* Each process names its node, and the first adds up all numbers: a program that ends
 * only if every process reaches every other one. */
#include <mpi.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	int rank, size, length, sum = 0;
	char node[MPI_MAX_PROCESSOR_NAME];

	MPI_Init(&argc, &argv);
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	MPI_Comm_size(MPI_COMM_WORLD, &size);
	MPI_Get_processor_name(node, &length);
	printf("process %d of %d on %s\n", rank, size, node);

	/* A ring: each process hands its number to the next one. */
	int next = (rank + 1) % size, before = (rank + size - 1) % size, got = -1;
	MPI_Sendrecv(&rank, 1, MPI_INT, next, 0, &got, 1, MPI_INT, before, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);

	MPI_Reduce(&got, &sum, 1, MPI_INT, MPI_SUM, 0, MPI_COMM_WORLD);
	if (rank == 0)
		printf("sum %d, expected %d\n", sum, size * (size - 1) / 2);
	MPI_Finalize();
	return rank == 0 && sum != size * (size - 1) / 2;
}
