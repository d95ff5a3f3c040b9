// The sidebar's frame: light enough to be there from the start; fetches the panel when it is first shown.

import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { PanelLayout, SplitPanel, Widget } from '@lumino/widgets';
import type { CellDesk } from '../cells/cellActions';
import { agentIcon } from './icons';
import type { AgentPanel } from './panel';

/** The sidebar's smallest width, and the one it takes where the page would give it no more than that. */
const SMALLEST_PIXELS = 240;
const COMFORTABLE_PIXELS = 400;

/** What the panel needs of the application. */
export interface ISurroundings {
  app: JupyterFrontEnd;
  notebooks: INotebookTracker;
  rendermime: IRenderMimeRegistry;
  translation: TranslationBundle;
}

export class AgentSidebar extends Widget {
  private _surroundings: ISurroundings;
  private _panel: Promise<AgentPanel> | null = null;

  constructor(surroundings: ISurroundings) {
    super();
    this._surroundings = surroundings;
    this.id = 'jupyter-agent-sidebar';
    this.layout = new PanelLayout();
    this.title.icon = agentIcon;
    this.title.caption = surroundings.translation.__('Agent');
    this.node.style.minWidth = `${SMALLEST_PIXELS}px`;
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', surroundings.translation.__('Agent'));
  }

  /** What does the user's errands in cells; the panel comes with it, seen or not. */
  async desk(): Promise<CellDesk> {
    return (await this._load()).desk;
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._loadIfSeen();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._loadIfSeen();
  }

  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    void this._load().then(panel => panel.activate());
  }

  private _loadIfSeen(): void {
    if (this.isVisible) {
      void this._load();
    }
  }

  private _load(): Promise<AgentPanel> {
    this._panel ??= this._fetch().catch(reason => {
      this._panel = null; // The next time it is shown it is tried again.
      throw reason;
    });
    return this._panel;
  }

  private async _fetch(): Promise<AgentPanel> {
    const { AgentPanel } = await import('./panel');
    const panel = new AgentPanel(this._surroundings);
    (this.layout as PanelLayout).addWidget(panel);
    this._widen();
    return panel;
  }

  /** A sidebar that is opened for the first time is given hardly any room; take enough to read in. */
  private _widen(): void {
    let outer = this.parent;
    while (outer && !(outer instanceof SplitPanel)) {
      outer = outer.parent;
    }
    if (!outer || !this.isVisible || this.node.offsetWidth > SMALLEST_PIXELS + 1) {
      return;
    }
    const sizes = outer.widgets.map(one => (one.isHidden ? 0 : one.node.offsetWidth));
    const mine = outer.widgets.findIndex(one => one.contains(this));
    const largest = sizes.indexOf(Math.max(...sizes));
    const more = Math.min(COMFORTABLE_PIXELS - sizes[mine], sizes[largest] - COMFORTABLE_PIXELS);
    if (mine !== largest && more > 0) {
      sizes[mine] += more;
      sizes[largest] -= more;
      outer.setRelativeSizes(sizes);
    }
  }
}
