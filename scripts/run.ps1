# Install eaa-graph into .venv (once) and build the shipped review of 51 articles into build\eaa_pilot.
# With arguments, run eaa-graph with them instead: scripts\run.cmd ask --list
$ErrorActionPreference = "Stop"
Set-Location (Join-Path $PSScriptRoot "..")
$python = ".venv\Scripts\python.exe"
$stamp = ".venv\installed"
$wanted = "$((Get-Location).Path)`n" + (Get-Content -Raw pyproject.toml) + (Get-Content -Raw eaa_graph\__init__.py)
if (-not (Test-Path $python)) {
    $found = $null
    # "py" is the launcher that python.org's installer brings.
    foreach ($candidate in @("py", "python", "python3")) {
        if (Get-Command $candidate -ErrorAction SilentlyContinue) {
            & $candidate -c "import sys; sys.exit(sys.version_info < (3, 11))" 2>$null
            if ($LASTEXITCODE -eq 0) { $found = $candidate; break }
        }
    }
    if ($null -eq $found) {
        Write-Host "eaa-graph needs Python 3.11 or newer: https://www.python.org/downloads/"
        exit 2
    }
    Write-Host "making .venv ..."
    & $found -m venv .venv
    if ($LASTEXITCODE -ne 0) { exit 2 }
}
if (-not (Test-Path $stamp) -or (Get-Content -Raw $stamp) -ne $wanted) {
    Write-Host "installing eaa-graph into .venv (a minute or two, once) ..."
    & $python -m pip install --quiet --disable-pip-version-check --editable .
    if ($LASTEXITCODE -ne 0) { Write-Host "the installation failed: pip says why above"; exit 2 }
    Set-Content -NoNewline -Path $stamp -Value $wanted
}
if ($args.Count -eq 0) {
    & $python -m eaa_graph build data\eaa_pilot --out build\eaa_pilot
} else {
    & $python -m eaa_graph @args
}
exit $LASTEXITCODE
