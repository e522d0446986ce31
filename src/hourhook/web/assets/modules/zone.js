// Tells the server the browser's time zone, so that the next page shows times in it. A zone that was chosen in the
// preferences stays.
const name = Intl.DateTimeFormat().resolvedOptions().timeZone;
const cookies = document.cookie.split("; ");
if (name && !cookies.some((cookie) => cookie.startsWith("hourhook-zone="))) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `hourhook-zone=${name}; Max-Age=31536000; Path=/; SameSite=Lax${secure}`;
}
