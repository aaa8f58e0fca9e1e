import { signIn } from './api.js';
import { setText } from './dom.js';

const KEY_PREFIX = '#key=';

/**
 * The key behind the # of a login link, or null. It is taken out of the address bar and the history at once, so that
 * it is neither seen, nor bookmarked, nor sent anywhere by copying the address.
 */
export function takeKey({ location, history }) {
  if (!location.hash.startsWith(KEY_PREFIX)) return null;
  const key = decode(location.hash.slice(KEY_PREFIX.length));
  history.replaceState(null, '', location.pathname);
  return key;
}

/** Browsers encode some characters of a fragment; a % that is just a % is left as it is. */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The form that asks for the key. `onSignedIn` is called once there is a session. */
export function createSignIn(root, { onSignedIn }) {
  const form = root.querySelector('form');
  const input = root.querySelector('#api-key');
  const button = root.querySelector('button');
  const error = root.querySelector('.error');

  function show(message = '') {
    root.hidden = false;
    setText(error, message);
    input.setAttribute('aria-invalid', String(message !== ''));
    input.focus();
  }

  /** Signs in with this key; the form is shown only when that fails. */
  async function enter(key) {
    button.disabled = true;
    try {
      await signIn(key);
    } catch (thrown) {
      show(thrown.message);
      return;
    } finally {
      button.disabled = false;
    }
    root.hidden = true;
    input.value = '';
    setText(error, '');
    onSignedIn();
  }

  form.addEventListener('submit', (submitted) => {
    submitted.preventDefault();
    void enter(input.value.trim());
  });
  return { show, enter };
}
