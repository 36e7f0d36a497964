// The page: what the panel said last, and how it is asked for changes.
import { Head } from "./head.js";
import { Group } from "./group.js";
import { Log } from "./log.js";
import { loadTheme } from "./theme.js";

const BEATS_LOST = 3000; // ms without a word from the panel after which its values are old
const ANSWER = 8000; // ms
const LOG_LENGTH = 300;

export const Board = {
  components: { Head, Group, Log },
  props: { first: Object },
  emits: ["command"],
  template: `
    <div class="panel" :class="{ 'with-log': showLog }">
      <Head :links="links" :contact="contact" :age="silence" :filter="filter" :show-log="showLog"
            :alarm="alarm" @kill="kill(links)" @toggle-log="toggleLog" @quiet="alarm = ''" />
      <main>
        <Group v-for="link in links" :key="link.key" :link="link" :alone="links.length === 1"
               :contact="contact" :now="now" :silence="silence" :filter="filter" @kill="kill([link])" />
      </main>
      <Log v-if="showLog" :entries="log" :alone="links.length === 1" />
    </div>`,
  provide() {
    return { ask: (request) => this.ask(request) };
  },
  data() {
    return {
      links: [],
      log: [],
      filter: { text: "", state: "all", sort: "index" },
      showLog: localStorage.ddsLinkLog ? localStorage.ddsLinkLog === "1" : innerWidth >= 1500,
      alarm: "",
      now: performance.now(),
      heard: performance.now(),
      connected: true,
    };
  },
  computed: {
    silence() {
      return Math.max(0, this.now - this.heard);
    },
    contact() {
      return this.connected && this.silence < BEATS_LOST;
    },
  },
  created() {
    loadTheme();
    this.waiting = new Map();
    this.asked = 0;
    this.beat = 0;
    this.take(this.first);
  },
  mounted() {
    this.clock = setInterval(() => {
      this.now = performance.now();
      const socket = window.socket;
      if (socket && window.did_handshake) this.connected = socket.connected;
      if (socket && !this.socket) {
        this.socket = socket;
        socket.on("disconnect", () => (this.connected = false));
      }
    }, 200);
    addEventListener("keydown", this.key);
  },
  unmounted() {
    clearInterval(this.clock);
    removeEventListener("keydown", this.key);
  },
  methods: {
    // From the panel: what is new.
    take(patch) {
      this.heard = this.now = performance.now();
      this.beat = patch.beat;
      for (const part of patch.links) {
        let link = this.links.find((each) => each.key === part.key);
        if (!link) {
          this.links.push({ key: part.key, head: {}, headAt: 0, static: [], channels: {} });
          link = this.links[this.links.length - 1];
        }
        if (part.head) {
          link.head = part.head;
          link.headAt = this.now;
        }
        if (part.static) {
          link.static = part.static;
          link.channels = {};
        }
        for (const channel of part.channels) link.channels[channel.i] = channel;
        if (part.log.length) this.remember(part.key, part.log);
      }
      return true;
    },
    remember(key, entries) {
      for (const entry of entries) {
        const line = { ...entry, key, id: key + " " + entry.n };
        const place = this.log.findIndex((each) => each.id === line.id);
        if (place >= 0) this.log[place] = line;
        else this.log.push(line);
      }
      this.log.sort((a, b) => b.time - a.time || b.n - a.n);
      this.log.length = Math.min(this.log.length, LOG_LENGTH);
    },
    // From the panel: the answer to one request.
    done(reply) {
      const answered = this.waiting.get(reply.number);
      this.waiting.delete(reply.number);
      if (answered) answered(reply);
    },
    ask(request) {
      // Without a connection the socket would keep the request, and send it later.
      if (!this.connected || !window.socket?.connected || performance.now() - this.heard > BEATS_LOST)
        return Promise.resolve({ error: "no contact with the panel: nothing was sent, and nothing will be" });
      const number = ++this.asked;
      return new Promise((resolve) => {
        this.waiting.set(number, resolve);
        this.$emit("command", { ...request, number, beat: this.beat });
        setTimeout(() => this.done({ number, error: "no answer from the panel: it may have been applied" }), ANSWER);
      });
    },
    async kill(links) {
      const replies = await Promise.all(links.map((link) => this.ask({ verb: "kill", link: link.key })));
      const failed = replies.filter((reply) => reply.error).map((reply) => reply.error);
      this.alarm = failed.length ? "KILL FAILED. " + failed.join(" ") : "";
    },
    toggleLog() {
      this.showLog = !this.showLog;
      localStorage.ddsLinkLog = this.showLog ? "1" : "0";
    },
    key(event) {
      if (event.target.closest("input, select, textarea, dialog") || event.ctrlKey || event.altKey || event.metaKey) return;
      if (event.key === "K") this.kill(this.links);
      else if (event.key === "/") document.querySelector("#filter").focus();
      else if (event.key === "l") this.toggleLog();
      else return;
      event.preventDefault();
    },
  },
};
