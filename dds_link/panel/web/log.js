// What happened, the newest first.
import { clock } from "./text.js";

export const Log = {
  props: { entries: Array, alone: Boolean },
  template: `
    <aside class="log" aria-label="Event log">
      <h2>Events</h2>
      <ol>
        <li v-for="entry in entries" :key="entry.id" :class="entry.event">
          <time>{{ at(entry.time) }}</time>
          <b>{{ entry.event }}</b><span class="times" v-if="entry.count > 1"> ×{{ entry.count }}</span>
          {{ entry.what }}
          <span class="faint">{{ tail(entry) }}</span>
        </li>
      </ol>
    </aside>`,
  methods: {
    at: clock,
    tail(entry) {
      return [this.alone ? "" : "on " + entry.key, entry.by ? "by " + entry.by : ""].join(" ");
    },
  },
};
