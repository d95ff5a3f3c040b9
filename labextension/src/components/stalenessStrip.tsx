// The strip above the composer: how many cells are stale, and on unfolding why.

import * as React from 'react';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { IFinding } from '../api/kernels';
import { useServices } from './services';
import { reveal } from '../notebook/staleness';

export function StalenessStrip({ notebook }: { notebook: NotebookPanel | null }): JSX.Element | null {
  const { staleness, translation } = useServices();
  const [, redraw] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    staleness.changed.connect(redraw);
    redraw();
    return () => {
      staleness.changed.disconnect(redraw);
    };
  }, [staleness]);
  const { findings, cells, labels } = staleness.of(notebook);
  if (!notebook || cells.size === 0) {
    return null;
  }
  return (
    <details className="jp-agent-staleness">
      <summary>{translation._n('%1 cell is stale', '%1 cells are stale', cells.size)}</summary>
      <ul>
        {findings.map((finding, index) => (
          <li key={index}>
            <Line finding={finding} labels={labels} notebook={notebook} />
          </li>
        ))}
      </ul>
    </details>
  );
}

interface ILineProps {
  finding: IFinding;
  labels: Readonly<Record<string, string>>;
  notebook: NotebookPanel;
}

function Line({ finding, labels, notebook }: ILineProps): JSX.Element {
  const [cell] = finding.cells;
  if (cell === undefined) {
    return <span>{finding.reason}</span>;
  }
  return (
    <button type="button" onClick={() => reveal(notebook, cell)}>
      <b>{labels[cell] ?? ''}</b> {finding.reason}
    </button>
  );
}
