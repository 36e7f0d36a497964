// The line above everything: what concerns all controllers.
import { nextTheme, theme } from "./theme.js";
import { age } from "./text.js";

export const Head = {
  props: { links: Array, contact: Boolean, age: Number, filter: Object, showLog: Boolean, alarm: String },
  emits: ["kill", "toggle-log", "quiet"],
  template: `
    <header class="top">
      <div class="bar">
        <h1>dds_link</h1>
        <span class="counts">{{ counts }}</span>
        <div class="tools">
          <input id="filter" type="search" v-model="filter.text" placeholder="Filter  ( / )"
                 aria-label="Show channels whose name, index or controller contains this" autocomplete="off" />
          <select v-model="filter.state" aria-label="Show channels in this state">
            <option value="all">all</option><option>on</option><option>off</option><option>silent</option>
            <option>killed</option><option>unknown</option>
          </select>
          <select v-model="filter.sort" aria-label="Order of the channels">
            <option value="index">by index</option><option value="name">by name</option>
            <option value="frequency">by frequency</option><option value="state">by state</option>
            <option value="time">last changed first</option>
          </select>
          <button class="plain" @click="$emit('toggle-log')" :aria-pressed="showLog" title="Event log ( l )">Log</button>
          <button class="plain" @click="chosen = next()" :title="'Colours: ' + chosen" aria-label="Light or dark">
            {{ { auto: "◐", light: "☀", dark: "☾" }[chosen] }}</button>
        </div>
        <button class="kill all" @click="$emit('kill')" title="RF off, at once, everywhere on this page ( Shift+K )">
          KILL {{ links.length > 1 ? "ALL " : "" }}RF</button>
      </div>
      <p class="banner alarm" role="alert" v-if="alarm">{{ alarm }}
        <button class="plain" @click="$emit('quiet')">I have read it</button></p>
      <p class="banner lost" role="alert" v-if="!contact">
        No contact with the panel for {{ ago }}: everything here is old.</p>
    </header>`,
  data() {
    return { chosen: theme() };
  },
  computed: {
    channels() {
      return this.links.flatMap((link) => (this.contact && link.head.live ? Object.values(link.channels) : []));
    },
    counts() {
      const on = this.channels.filter((channel) => channel.state === "on").length;
      const old = this.links.flatMap((link) => Object.values(link.channels)).length - this.channels.length;
      return `${on} of ${this.channels.length} on` + (old ? `, ${old} not known` : "");
    },
    ago() {
      return age(this.age / 1000);
    },
  },
  methods: { next: nextTheme },
};
