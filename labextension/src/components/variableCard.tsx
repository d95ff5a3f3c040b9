// A tooltip with details of one variable: the columns of a frame, the items of a container.

import * as React from 'react';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { VariableReply } from '../api/wire';
import { withHiddenShown } from './sanitize';
import { useServices } from './services';

const DELAY_MILLISECONDS = 200;
const MAX_ROWS = 40;
const WIDTH = 320;

interface IProps {
  id: string;
  variable: VariableReply;
  notebook: NotebookPanel;
  /** Position of the variable's name. */
  anchor: DOMRect;
}

export function VariableCard({ id, variable, notebook, anchor }: IProps): JSX.Element {
  const { kernelWatch } = useServices();
  const [full, setFull] = React.useState<VariableReply>(variable);
  React.useEffect(() => {
    let isCurrent = true;
    const timer = window.setTimeout(async () => {
      const details = await kernelWatch.inspect(notebook, variable.name);
      if (details && isCurrent) {
        setFull(details);
      }
    }, DELAY_MILLISECONDS);
    return () => {
      isCurrent = false;
      window.clearTimeout(timer);
    };
  }, [variable, notebook, kernelWatch]);
  const left = Math.max(8, Math.min(anchor.left, window.innerWidth - WIDTH - 8));
  const style = { left, width: WIDTH, bottom: window.innerHeight - anchor.top + 4 };
  return (
    // A popover is shown above everything else.
    <div id={id} ref={showPopover} role="tooltip" className="jp-agent-card" style={style} {...{ popover: 'manual' }}>
      <b>{full.name}</b> <span>{full.type}</span>
      <p>{withHiddenShown(full.summary)}</p>
      <Details facts={full.facts} />
    </div>
  );
}

function showPopover(card: HTMLElement | null): void {
  card?.showPopover?.();
}

function Details({ facts }: { facts: Record<string, any> }): JSX.Element | null {
  if (Array.isArray(facts.columns)) {
    const rows = facts.columns.slice(0, MAX_ROWS).map((column: any) => [column?.name, column?.dtype, missingCount(column?.missing)]);
    return <Rows rows={rows} />;
  }
  const rows = Object.entries(facts)
    .filter(([, value]) => value !== null && typeof value !== 'object')
    .map(([name, value]) => [name.replace(/_/g, ' '), value]);
  const inner = facts.items ?? facts.fields;
  const items = inner && typeof inner === 'object' ? Object.entries(inner) : [];
  return <Rows rows={[...rows, ...items].slice(0, MAX_ROWS)} />;
}

function Rows({ rows }: { rows: unknown[][] }): JSX.Element | null {
  return rows.length === 0 ? null : (
    <table>
      <tbody>
        {rows.map((row, index) => (
          <tr key={index}>
            {row.map((value, column) => (
              <td key={column}>{withHiddenShown(String(value ?? '')).slice(0, 200)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function missingCount(count: unknown): string {
  return typeof count === 'number' && count > 0 ? `${count} ∅` : '';
}
