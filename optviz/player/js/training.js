// What a training's page has beside a race's: panels to choose, four axes, seeds, layers.

import { Axis } from "./data/axis.js";
import { browserStore, Choices } from "./data/choices.js";
import { gather } from "./data/seeds.js";
import { prepareSeries } from "./data/series.js";
import { Options } from "./shell/options.js";

/** @import { Theme } from "./canvas/palette.js" */
/** @import { CurveData, Header, PanelData, Run } from "./data/message.js" */
/** @import { DrawnRun } from "./data/runs.js" */
/** @import { Series } from "./data/series.js" */
/** @import { Panel } from "./panels.js" */

export class TrainingView {
  /**
   * @param {{renew: () => void, rescale: () => void}} actions after a choice of the viewer: draw
   *   everything anew, on the same axis or along the one that was chosen
   */
  constructor(actions) {
    this.actions = actions;
    this.choices = new Choices(browserStore());
    this.options = new Options({
      showPanel: (key, on) => {
        this.choices.show(key, on);
        actions.renew();
      },
      singles: (singles) => {
        this.choices.choose({ singles });
        actions.renew();
      },
      axis: (axis) => {
        this.choices.choose({ axis });
        actions.rescale();
      },
    });
  }

  /** @param {Header} header */
  axis(header) {
    return new Axis(this.choices.axisOf(header), header);
  }

  /**
   * The panels to draw, with their names; the same name keeps its place, zoom and scale.
   * @type {(header: Header) => PanelData[]}
   */
  panels(header) {
    return this.choices.panels(header).map((panel, i) => ({ ...panel, key: panel.key ?? `${i}` }));
  }

  /**
   * A panel's series as they are drawn on an axis.
   * @type {(data: CurveData, header: Header, axis: Axis, runs: DrawnRun[]) => Series[]}
   */
  series(data, header, axis, runs) {
    if (!header.axes) return data.series.map(prepareSeries);
    const run = data.layers ? this.choices.layerRun(runs) : -1;
    return gather(data, axis, { singles: this.choices.singles, run });
  }

  /**
   * Shows in a panel's head whose layers are drawn.
   * @type {(panel: Panel, runs: DrawnRun[], theme: Theme) => void}
   */
  setHead({ box, data }, runs, theme) {
    if (data.kind === "map" || !data.layers) return;
    const labels = runs.filter((run) => run.visible).map((run) => run.label);
    const chosen = runs[this.choices.layerRun(runs)]?.label ?? "";
    box.setLayers(labels, chosen, theme, (label) => {
      this.choices.layersOf = label;
      this.actions.renew();
    });
  }

  /**
   * Where on the axis a run's end lies: its badge appears there.
   * @type {(run: Run, axis: Axis) => number}
   */
  place(run, axis) {
    const step = run.outcome_step ?? 0;
    return run.members ? Math.min(...run.members.map((member) => axis.at(member, step))) : step;
  }

  destroy() {
    this.options.destroy();
  }
}
