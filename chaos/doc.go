// Package chaos runs Segno's programs on hosts of their own and takes these hosts' networks, processes, disks and clocks
// away from them, to see whether what docs/guarantees.md promises is true outside of the simulator.
//
// A host is a set of namespaces of the kernel: network, processes, mounts, and the clocks that begin with a boot. All
// hosts are joined by a router that is one too, so nothing of a test is on the machine's own network. Each is held by
// one process that ends when the test program does, however that ends, and the kernel ends all others with it.
//
// What jobs did is known from themselves: each is a probe, which takes a lock for its run and writes down what it does.
package chaos
