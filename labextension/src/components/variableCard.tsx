// What is known of one variable, beside its name: schema of a frame, items of a container.

import * as React from 'react';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { IVariable } from '../api/kernels';
import { withHiddenShown } from './sanitize';
import { useServices } from './services';

const WAIT_MILLISECONDS = 200;
const MOST_ROWS = 40;
const WIDTH = 320;

interface IProps {
  id: string;
  variable: IVariable;
  notebook: NotebookPanel;
  at: DOMRect;
}

export function VariableCard({ id, variable, notebook, at }: IProps): JSX.Element {
  const { watch } = useServices();
  const [full, setFull] = React.useState<IVariable>(variable);
  React.useEffect(() => {
    let current = true;
    const timer = window.setTimeout(async () => {
      const told = await watch.inspect(notebook, variable.name);
      if (told && current) {
        setFull(told);
      }
    }, WAIT_MILLISECONDS);
    return () => {
      current = false;
      window.clearTimeout(timer);
    };
  }, [variable, notebook, watch]);
  const left = Math.max(8, Math.min(at.left, window.innerWidth - WIDTH - 8));
  const style = { left, width: WIDTH, bottom: window.innerHeight - at.top + 4 };
  return (
    // A popover lies above everything, whatever is around it.
    <div id={id} ref={show} role="tooltip" className="jp-agent-card" style={style} {...{ popover: 'manual' }}>
      <b>{full.name}</b> <span>{full.type}</span>
      <p>{withHiddenShown(full.summary)}</p>
      <Details facts={full.facts} />
    </div>
  );
}

function show(card: HTMLElement | null): void {
  card?.showPopover?.();
}

function Details({ facts }: { facts: Record<string, any> }): JSX.Element | null {
  if (Array.isArray(facts.columns)) {
    const rows = facts.columns.slice(0, MOST_ROWS).map((one: any) => [one?.name, one?.dtype, missing(one?.missing)]);
    return <Rows rows={rows} />;
  }
  const rows = Object.entries(facts)
    .filter(([, value]) => value !== null && typeof value !== 'object')
    .map(([name, value]) => [name.replace(/_/g, ' '), value]);
  const inner = facts.items ?? facts.fields;
  const items = inner && typeof inner === 'object' ? Object.entries(inner) : [];
  return <Rows rows={[...rows, ...items].slice(0, MOST_ROWS)} />;
}

function Rows({ rows }: { rows: unknown[][] }): JSX.Element | null {
  return rows.length === 0 ? null : (
    <table>
      <tbody>
        {rows.map((row, index) => (
          <tr key={index}>
            {row.map((one, place) => (
              <td key={place}>{withHiddenShown(String(one ?? '')).slice(0, 200)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function missing(count: unknown): string {
  return typeof count === 'number' && count > 0 ? `${count} ∅` : '';
}
