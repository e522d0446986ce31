// Starts every behaviour. Each is one module, bound by an attribute, and pages work without all of them.
import "./zone.js";
import "./commands.js";
import { start as startKeys } from "./keys.js";
import { start as startTicking } from "./ticking.js";
import { start as startCountdown } from "./countdown.js";
import { start as startCopying } from "./copying.js";
import { start as startPreview } from "./preview.js";
import { start as startCompleting } from "./completing.js";
import { start as startSubmitting } from "./submitting.js";
import { start as startPalette } from "./palette.js";
import { start as startVanishing } from "./vanishing.js";
import { start as startGrid } from "./grid.js";
import { start as startChoices } from "./choices.js";
import { start as startTabs } from "./tabs.js";
import { start as startSequences } from "./sequences.js";
import { start as startDialog } from "./dialog.js";
import { start as startLog } from "./log.js";
import { start as startLive } from "./live.js";

const behaviours = [
  startKeys, startTicking, startCountdown, startCopying, startPreview, startCompleting, startSubmitting, startPalette,
  startVanishing, startGrid,
  startChoices, startTabs, startSequences, startDialog, startLog, startLive,
];
for (const start of behaviours) start(document);
