// Below an answer: copy it, ask again, what it cost.

import * as React from 'react';
import { checkIcon, copyIcon, refreshIcon } from '@jupyterlab/ui-components';
import { answerText, type IExchange, OFFLINE } from '../chat/exchange';
import { IconButton } from './header';
import { useServices } from './services';
import { tokens } from './format';

const SHOWN_MILLISECONDS = 1500;

export function AnswerFoot({ exchange, onAgain }: { exchange: IExchange; onAgain: () => void }): JSX.Element {
  const { translation } = useServices();
  const text = answerText(exchange);
  const [copied, setCopied] = React.useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    window.setTimeout(() => setCopied(false), SHOWN_MILLISECONDS);
  };
  const { input, output } = exchange.tokens;
  return (
    <div className="jp-agent-foot">
      {text && (
        <IconButton
          icon={copied ? checkIcon : copyIcon}
          label={copied ? translation.__('Answer copied') : translation.__('Copy answer')}
          onClick={() => void copy()}
        />
      )}
      {exchange.question && (
        <IconButton icon={refreshIcon} label={translation.__('Ask again')} onClick={onAgain} />
      )}
      <span className="jp-agent-cost">
        {[exchange.model, input + output > 0 && exchange.model !== OFFLINE ? translation.__('%1 → %2 tokens', tokens(input), tokens(output)) : '']
          .filter(Boolean)
          .join(' · ')}
      </span>
    </div>
  );
}
