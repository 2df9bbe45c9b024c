export { logTrouble } from './log-trouble.ts';
export { watchElder } from './watch-elder.ts';
export { watchFollower } from './watch-follower.ts';
export { watchSessions } from './watch-sessions.ts';
