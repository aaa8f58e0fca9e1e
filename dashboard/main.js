import { readCameras, signOut } from './api.js';
import { createLiveView } from './live-view.js';
import { createSignIn, takeKey } from './sign-in.js';

/** The page from its start: a login link, else a session that is still good, else the form that asks for the key. */
const signOutButton = document.querySelector('#sign-out');

const view = createLiveView({ document, window, onSignedOut: ask });
const signIn = createSignIn(document.querySelector('#sign-in'), { onSignedIn: enter });

function enter() {
  signOutButton.hidden = false;
  view.open();
}

function ask(message) {
  signOutButton.hidden = true;
  signIn.show(message);
}

async function start() {
  const key = takeKey(window);
  if (key !== null) return signIn.enter(key);
  try {
    await readCameras(1);
    enter();
  } catch (thrown) {
    ask(thrown.status === 401 ? '' : thrown.message);
  }
}

/** The cookie is all there is of a session, and only the server can take it back. */
async function leave() {
  view.close();
  try {
    await signOut();
    ask();
  } catch (thrown) {
    ask(`You are still signed in. ${thrown.message}`);
  }
}

signOutButton.addEventListener('click', () => void leave());
// A login link followed in a tab that shows this page changes only the part behind the #.
window.addEventListener('hashchange', () => {
  const key = takeKey(window);
  if (key === null) return;
  view.close();
  void signIn.enter(key);
});
void start();
