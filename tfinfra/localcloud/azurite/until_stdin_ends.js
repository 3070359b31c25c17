// Loaded before azurite: the daemon holds the other end of stdin, which closes however the daemon ends. TERM lets
// azurite write down what it only has in memory.
process.stdin.on("end", () => process.kill(process.pid, "SIGTERM"));
process.stdin.resume();
