// One controller: its state, and the cards of its channels.
import { Card } from "./card.js";
import { age } from "./text.js";

const ORDERS = {
  index: (a, b) => a.i - b.i,
  name: (a, b) => a.name.localeCompare(b.name),
  frequency: (a, b) => a.now.sort - b.now.sort,
  state: (a, b) => a.now.state.localeCompare(b.now.state),
  time: (a, b) => (b.now.time || 0) - (a.now.time || 0),
};

export const Group = {
  components: { Card },
  inject: ["ask"],
  props: { link: Object, alone: Boolean, contact: Boolean, now: Number, silence: Number, filter: Object },
  emits: ["kill"],
  template: `
    <section class="group" :class="{ old: !live, killed: head.killed }" :data-link="link.key">
      <div class="about">
        <h2>{{ link.key }}</h2>
        <span class="badge" :class="live ? 'good' : 'bad'" role="status">{{ contactText }}</span>
        <span class="badge" v-if="head.device">{{ head.device }}
          <b v-if="head.ready !== 'ready'"> {{ head.ready }}</b></span>
        <span class="badge bad" v-if="head.killed">■ RF KILLED</span>
        <span class="faint" v-if="head.version">v{{ head.version }}, protocol {{ head.protocol }}<template
          v-if="head.where !== link.key">, {{ head.where }}</template><template
          v-if="!head.readback">, no readback</template></span>
        <span class="space"></span>
        <span class="rtt" v-if="live && head.rtt !== null" title="round trip of the last ping">{{ rtt }}</span>
        <button class="arm" v-if="head.killed" :disabled="!live" @click="$refs.dialog.showModal()">Arm RF …</button>
        <button class="kill" v-if="!alone" @click="$emit('kill')" :title="'RF off on ' + link.key">KILL</button>
      </div>
      <p class="banner simulation" v-if="head.simulation">SIMULATION: no RF comes out of this controller</p>
      <p class="banner lost" role="alert" v-if="!live">{{ lostText }}</p>
      <p class="banner lost" role="alert" v-else-if="head.ready && head.ready !== 'ready'">
        The controller answers, but its device is {{ head.ready }}.</p>
      <p class="banner alarm" role="alert" v-if="error">{{ error }}</p>
      <div class="cards">
        <Card v-for="card in cards" :key="card.i" :card="card" :channel="card.now" :link="link.key" :live="live"
              :age="live ? '' : oldness" />
      </div>
      <p class="faint" v-if="link.static.length && !cards.length">No channel fits the filter.</p>
      <dialog ref="dialog" @close="answer($event.target.returnValue)">
        <form method="dialog">
          <h3>Arm RF of {{ link.key }}?</h3>
          <p>Somebody killed it for a reason. Channels stay off until each is switched on.</p>
          <div class="buttons"><button value="" autofocus>Leave it off</button><button value="arm" class="arm">Arm RF</button></div>
        </form>
      </dialog>
    </section>`,
  data() {
    return { error: "" };
  },
  computed: {
    head() {
      return this.link.head;
    },
    live() {
      return this.contact && !!this.head.live;
    },
    oldness() {
      if (this.head.age === null || this.head.age === undefined) return "";
      const since = this.head.live ? this.silence : this.now - this.link.headAt + this.head.age * 1000;
      return age(since / 1000);
    },
    contactText() {
      if (this.live) return "● live";
      return this.head.state === "connecting" ? "◌ connecting" : "✕ no contact";
    },
    lostText() {
      const when = this.oldness ? " for " + this.oldness + ". What is shown was true then." : ".";
      return "No contact" + when + (this.head.reason && !this.head.live ? " " + this.head.reason : "");
    },
    rtt() {
      return (this.head.rtt < 10 ? this.head.rtt.toFixed(1) : Math.round(this.head.rtt)) + " ms";
    },
    cards() {
      const wanted = this.filter.text.trim().toLowerCase();
      const state = this.filter.state;
      return this.link.static
        .map((card) => ({ ...card, now: this.link.channels[card.i] }))
        .filter(
          (card) =>
            card.now &&
            (state === "all" || card.now.state === state) &&
            `${card.i} ${card.name} ${card.chip} ${this.link.key}`.toLowerCase().includes(wanted),
        )
        .sort((a, b) => ORDERS[this.filter.sort](a, b) || a.i - b.i);
    },
  },
  methods: {
    async answer(value) {
      if (value !== "arm") return;
      this.$refs.dialog.returnValue = "";
      this.error = (await this.ask({ verb: "arm", link: this.link.key })).error || "";
    },
  },
};
