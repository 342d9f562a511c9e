// Runs before the first paint, as a plain script, so that a chosen theme never flashes the other one.
try {
  const theme = localStorage.getItem('millrace-theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
} catch {
  // Storage may be forbidden; the system's preference holds then.
}
