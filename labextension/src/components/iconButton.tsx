// A button with an icon alone; its label is its tooltip and its accessible name.

import * as React from 'react';
import type { LabIcon } from '@jupyterlab/ui-components';

interface IProps {
  icon: LabIcon;
  label: string;
  disabled?: boolean;
  popup?: boolean;
  onClick: (event: React.MouseEvent) => void;
}

export function IconButton({ icon, label, disabled, popup, onClick }: IProps): JSX.Element {
  return (
    <button
      type="button"
      className="jp-agent-icon-button"
      disabled={disabled}
      title={label}
      aria-label={label}
      aria-haspopup={popup ? 'menu' : undefined}
      onClick={onClick}
    >
      <icon.react tag="span" />
    </button>
  );
}
