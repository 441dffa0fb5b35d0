// The gateway has no option for the address that it listens on: preloaded, this keeps it on this machine.
const { Server } = require("node:net");
const listen = Server.prototype.listen;
Server.prototype.listen = function (...given) {
  if (given[0] !== null && typeof given[0] === "object" && "port" in given[0]) {
    given[0] = { ...given[0], host: "127.0.0.1" };
  } else if (typeof given[0] === "number" && typeof given[1] !== "string") {
    given.splice(1, 0, "127.0.0.1");
  } else if (typeof given[0] === "number") {
    given[1] = "127.0.0.1";
  }
  return listen.apply(this, given);
};
