// What a training's page has beside a race's: panels to choose, four axes, seeds, layers.

import { Axis } from "./data/axis.js";
import { browserStore, Choices } from "./data/choices.js";
import { gather } from "./data/seeds.js";
import { prepareSeries } from "./data/series.js";
import { Options } from "./shell/options.js";

export class TrainingView {
  /** @param {object} player its `setAxis` and `setPanels` are called when a choice changes */
  constructor(player) {
    this.player = player;
    this.choices = new Choices(browserStore());
    this.options = new Options({
      showPanel: (key, on) => this.changed(() => this.choices.show(key, on)),
      singles: (on) => this.changed(() => this.choices.set("singles", on)),
      axis: (kind) => {
        this.choices.set("axis", kind);
        player.setAxis(this.axis(player.header));
      },
    });
  }

  changed(act) {
    act();
    this.player.renew();
  }

  axis(header) {
    return new Axis(this.choices.axisOf(header), header);
  }

  /** The panels to draw, with their names; the same name keeps its place, zoom and scale. */
  panels(header) {
    return this.choices.panels(header).map((panel, i) => ({ ...panel, key: panel.key ?? `${i}` }));
  }

  /** A panel's series as they are drawn on the player's axis. */
  series(panel) {
    const { header, axis, runs } = this.player;
    if (!header.axes) return panel.series.map(prepareSeries);
    const run = panel.layers ? this.choices.layerRun(runs) : -1;
    return gather(panel, axis, { singles: this.choices.singles, run });
  }

  /** Shows in a panel's head whose layers are drawn. */
  setHead(panel, shell, theme) {
    const { runs } = this.player;
    if (!panel.layers) return;
    const run = this.choices.layerRun(runs);
    shell.setLayers(
      runs.filter((item) => item.visible).map((item) => item.label),
      runs[run]?.label ?? "",
      theme,
      (label) => this.changed(() => (this.choices.layersOf = label)),
    );
  }

  /** Where on the axis each run's end lies: its badge appears there. */
  place(run, axis) {
    const step = run.outcome_step ?? 0;
    return run.members ? Math.min(...run.members.map((member) => axis.at(member, step))) : step;
  }

  /** How many panels stand side by side. */
  columns(count, width) {
    const most = Math.max(1, Math.min(width > 1900 ? 4 : 3, Math.floor(width / 400)));
    if (count <= most && count !== 4) return count;
    return count === 4 && most < 4 ? Math.min(2, most) : most;
  }

  destroy() {
    this.options.destroy();
  }
}
