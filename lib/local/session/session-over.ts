/** Ends a session whose connection the guard has closed. */
export class SessionOver extends Error {
  override readonly name = 'SessionOver';
}
