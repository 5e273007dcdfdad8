// The anchor of the screens: socket.io as it comes, fed by the same channel of Redis, no rules.
// node fanout.js PORT REDIS_PORT

const { createServer } = require("node:http");
const { connect } = require("node:net");
const { Server } = require("socket.io");

const [port, redisPort] = process.argv.slice(2).map(Number);
const http = createServer();
const screens = new Server(http, { transports: ["websocket"], perMessageDeflate: false, serveClient: false }).of("/meetings");

screens.on("connection", (socket) => {
    socket.on("join", ({ meeting_id: id }, answer) => {
        socket.join(`meeting:${id}`);
        answer({ ok: true, meeting_id: id });
    });
});

const tell = (text) => {
    const { about, message } = JSON.parse(text);
    screens.to(`meeting:${about}`).emit("fact", message);
};

// Of the protocol of Redis only this: a message is *3, "message", the channel, the text, each with its length before it.
let rest = Buffer.alloc(0);
const HEAD = /^\*3\r\n\$7\r\nmessage\r\n\$13\r\necabinet:live\r\n\$(\d+)\r\n/;
const SUBSCRIBED = /^\*3\r\n\$9\r\nsubscribe\r\n\$13\r\necabinet:live\r\n:1\r\n/;
const redis = connect(redisPort, "127.0.0.1", () => redis.write("SUBSCRIBE ecabinet:live\r\n"));
redis.on("data", (data) => {
    rest = Buffer.concat([rest, data]);
    for (;;) {
        const start = rest.subarray(0, 80).toString("latin1");
        const subscribed = SUBSCRIBED.exec(start);
        if (subscribed) {
            rest = rest.subarray(subscribed[0].length);
            continue;
        }
        const head = HEAD.exec(start);
        if (!head || rest.length < head[0].length + Number(head[1]) + 2) return;
        const from = head[0].length;
        tell(rest.subarray(from, from + Number(head[1])).toString());
        rest = rest.subarray(from + Number(head[1]) + 2);
    }
});

http.listen({ port, host: "127.0.0.1", backlog: 4096 });
