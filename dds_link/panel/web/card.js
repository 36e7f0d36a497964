// One channel.
import { Field } from "./field.js";
import { SIGNS, TITLES, clock } from "./text.js";

export const Card = {
  components: { Field },
  inject: ["ask"],
  props: { card: Object, channel: Object, link: String, live: Boolean, age: String },
  template: `
    <article class="card" :class="channel.state" :data-channel="card.i" :aria-label="'Channel ' + card.name">
      <header>
        <span class="index">{{ card.i }}</span>
        <h3 :title="card.name">{{ card.name }}</h3>
        <span class="state" :title="title">{{ sign }} {{ channel.state }}</span>
        <button class="switch" role="switch" :aria-checked="channel.enabled" :disabled="busy"
                :aria-label="'RF of ' + card.name" @click="toggle"><i></i></button>
      </header>
      <p class="old-age" v-if="age">{{ age }} old</p>
      <p class="error" role="alert" v-if="error">{{ error }}</p>
      <Field v-for="field in card.fields" :key="field.name" :name="field.name" :limits="field.limits"
             :text="channel.texts[field.name]" :also="channel.also[field.name]" :channel="card.i" :link="link" />
      <footer>
        <span v-if="channel.time" class="changed">{{ when }} by <b>{{ channel.by }}</b></span>
        <span v-else class="changed">not changed while this panel looked</span>
      </footer>
      <details>
        <summary>Words, limits, epoch</summary>
        <dl>
          <template v-for="word in channel.words" :key="word[0]">
            <dt>{{ word[0] }}</dt><dd>{{ word[1] }} <span class="faint">{{ word[2] }}</span></dd>
          </template>
          <dt>exactly</dt><dd>{{ channel.exact }}</dd>
          <template v-for="field in card.fields" :key="field.name">
            <template v-if="field.limits"><dt>{{ field.name }}</dt><dd>{{ field.limits }}</dd></template>
          </template>
          <dt>epoch</dt><dd>{{ channel.epoch }}</dd>
          <dt>chip</dt><dd>{{ card.chip }}, update group {{ card.group }}, {{ card.sysclk }}</dd>
        </dl>
      </details>
    </article>`,
  data() {
    return { error: "", busy: false };
  },
  computed: {
    sign() {
      return SIGNS[this.channel.state];
    },
    title() {
      return TITLES[this.channel.state];
    },
    when() {
      return clock(this.channel.time);
    },
  },
  methods: {
    async toggle() {
      this.busy = true;
      const enabled = !this.channel.enabled;
      const reply = await this.ask({ verb: "enable", link: this.link, channel: this.card.i, enabled });
      this.busy = false;
      this.error = reply.error || "";
    },
  },
};
