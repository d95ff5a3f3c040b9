// The strip above the composer: how many cells are stale, and why.

import * as React from 'react';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { DoctorFinding } from '../api/wire';
import { reveal } from '../notebook/staleness';
import { useSignal } from './hooks';
import { useServices } from './services';

export function StalenessStrip({ notebook }: { notebook: NotebookPanel | null }): JSX.Element | null {
  const { staleness, translation } = useServices();
  useSignal(staleness.changed);
  const { findings, cells, labels } = staleness.get(notebook);
  if (!notebook || cells.size === 0) {
    return null;
  }
  return (
    <details className="jp-agent-staleness">
      <summary>{translation._n('%1 cell is stale', '%1 cells are stale', cells.size)}</summary>
      <ul>
        {findings.map((finding, index) => (
          <li key={index}>
            <Finding finding={finding} labels={labels} notebook={notebook} />
          </li>
        ))}
      </ul>
    </details>
  );
}

interface IFindingProps {
  finding: DoctorFinding;
  labels: Readonly<Record<string, string>>;
  notebook: NotebookPanel;
}

function Finding({ finding, labels, notebook }: IFindingProps): JSX.Element {
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
