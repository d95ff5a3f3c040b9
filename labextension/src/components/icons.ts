// Our icons.

import { LabIcon } from '@jupyterlab/ui-components';

const BUBBLE =
  'M12.5 3.5H5A2.5 2.5 0 0 0 2.5 6v9.5A2.5 2.5 0 0 0 5 18h1v4l5.2-4H18a2.5 2.5 0 0 0 2.5-2.5V12h-2v3.5a.5.5 0 0 1-.5.5h-7.5L8 18v-2H5a.5.5 0 0 1-.5-.5V6A.5.5 0 0 1 5 5.5h7.5z';
const SPARK = 'M18.5 1l1.4 3.6L23.5 6l-3.6 1.4L18.5 11l-1.4-3.6L13.5 6l3.6-1.4z';

/** A speech bubble with a spark. */
export const agentIcon = new LabIcon({
  name: 'jupyter-agent:agent',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
    <g class="jp-icon3 jp-icon-selectable" fill="#616161"><path d="${BUBBLE}"/><path d="${SPARK}"/></g>
  </svg>`
});

/** A picture with a sun above mountains. */
export const pictureIcon = new LabIcon({
  name: 'jupyter-agent:picture',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
    <path class="jp-icon3" fill="#616161" d="M5 3h14a2 2 0 0 1 2 2v14a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2zm0 2v11.6l4-4 3 3 4.5-5 2.5 2.8V5zm3.5 1.5a2 2 0 1 1 0 4 2 2 0 0 1 0-4z"/>
  </svg>`
});

/** An arrow upwards, for sending. */
export const sendIcon = new LabIcon({
  name: 'jupyter-agent:send',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
    <path class="jp-icon3" fill="#616161" d="M12 3l8 8-1.7 1.7-5.1-5.1V21h-2.4V7.6l-5.1 5.1L4 11z"/>
  </svg>`
});
