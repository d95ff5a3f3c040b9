// Below an answer: copy it, ask again, its model and tokens.

import * as React from 'react';
import { checkIcon, copyIcon, refreshIcon } from '@jupyterlab/ui-components';
import { answerText, type ITurn, OFFLINE } from '../chat/turn';
import { describeTokens } from './format';
import { IconButton } from './iconButton';
import { useServices } from './services';

const FEEDBACK_MILLISECONDS = 1500;

export function AnswerFooter({ turn, onRepeat }: { turn: ITurn; onRepeat: () => void }): JSX.Element {
  const { translation } = useServices();
  const text = answerText(turn);
  const [copied, setCopied] = React.useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    window.setTimeout(() => setCopied(false), FEEDBACK_MILLISECONDS);
  };
  return (
    <div className="jp-agent-foot">
      {text && (
        <IconButton
          icon={copied ? checkIcon : copyIcon}
          label={copied ? translation.__('Answer copied') : translation.__('Copy answer')}
          onClick={() => void copy()}
        />
      )}
      {turn.question && (
        <IconButton icon={refreshIcon} label={translation.__('Ask again')} onClick={onRepeat} />
      )}
      <span className="jp-agent-cost">
        {[turn.model, turn.model !== OFFLINE ? describeTokens(turn.tokens, translation) : '']
          .filter(Boolean)
          .join(' · ')}
      </span>
    </div>
  );
}
