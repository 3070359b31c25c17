// Loaded before azurite. The daemon holds the other end of stdin, which closes however the daemon ends; TERM lets azurite
// write down what it only has in memory.
process.stdin.on("end", () => process.kill(process.pid, "SIGTERM"));
process.stdin.resume();

// A closed azurite leaves requests on connections that are still open without an answer, and lives as long as those:
// it has to end, so that its clients ask again.
const { dirname, join } = require("path");
const server = require(join(dirname(process.argv[1]), "../common/ServerBase")).default.prototype;
const close = server.close;
server.close = async function () {
  await close.call(this);
  process.exit(0);
};
