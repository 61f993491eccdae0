import { createHash, timingSafeEqual } from 'node:crypto';

/** A check of an Authorization header, in a time that does not tell how much of the token was right. */
export type TokenCheck = (authorization: string | undefined) => boolean;

/** Without a token, everything is allowed. */
export function tokenCheck(token: string | undefined): TokenCheck {
  if (token === undefined) return () => true;
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const wanted = digest(token);
  return (authorization) => {
    const given = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1];
    return timingSafeEqual(digest(given ?? ''), wanted) && given !== undefined;
  };
}
