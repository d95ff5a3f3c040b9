// The sidebar: an empty frame that loads the panel when it is first shown.

import type { Message } from '@lumino/messaging';
import { PanelLayout, SplitPanel, Widget } from '@lumino/widgets';
import type { CellActions } from '../cells/cellActions';
import { agentIcon } from './icons';
import type { AgentPanel, IPanelOptions } from './panel';

/** The minimum width, and the one that is set where the page gives no more than the minimum. */
const MIN_WIDTH_PIXELS = 240;
const INITIAL_WIDTH_PIXELS = 400;

export class AgentSidebar extends Widget {
  private _panel: Promise<AgentPanel> | null = null;

  constructor(private readonly _options: IPanelOptions) {
    super();
    this.id = 'jupyter-agent-sidebar';
    this.layout = new PanelLayout();
    this.title.icon = agentIcon;
    this.title.caption = _options.translation.__('Agent');
    this.node.style.minWidth = `${MIN_WIDTH_PIXELS}px`;
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', _options.translation.__('Agent'));
  }

  /** The actions on cells; loads the panel. */
  async cellActions(): Promise<CellActions> {
    return (await this._load()).cellActions;
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._loadIfVisible();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._loadIfVisible();
  }

  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    void this._load().then(panel => panel.activate());
  }

  private _loadIfVisible(): void {
    if (this.isVisible) {
      void this._load();
    }
  }

  private _load(): Promise<AgentPanel> {
    this._panel ??= this._createPanel().catch(reason => {
      this._panel = null; // Loading is tried again when the sidebar is shown again.
      throw reason;
    });
    return this._panel;
  }

  private async _createPanel(): Promise<AgentPanel> {
    const { AgentPanel } = await import('./panel');
    const panel = new AgentPanel(this._options);
    (this.layout as PanelLayout).addWidget(panel);
    this._widen();
    return panel;
  }

  /** A sidebar that is opened for the first time is given its minimum width only. */
  private _widen(): void {
    let outer = this.parent;
    while (outer && !(outer instanceof SplitPanel)) {
      outer = outer.parent;
    }
    if (!outer || !this.isVisible || this.node.offsetWidth > MIN_WIDTH_PIXELS + 1) {
      return;
    }
    const sizes = outer.widgets.map(widget => (widget.isHidden ? 0 : widget.node.offsetWidth));
    const own = outer.widgets.findIndex(widget => widget.contains(this));
    const largest = sizes.indexOf(Math.max(...sizes));
    const more = Math.min(INITIAL_WIDTH_PIXELS - sizes[own], sizes[largest] - INITIAL_WIDTH_PIXELS);
    if (own !== largest && more > 0) {
      sizes[own] += more;
      sizes[largest] -= more;
      outer.setRelativeSizes(sizes);
    }
  }
}
