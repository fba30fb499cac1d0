@echo off
rem The same as scripts/run, for Windows: runs run.ps1 whatever the policy for scripts.
powershell -NoProfile -ExecutionPolicy Bypass -File "%~dp0run.ps1" %*
exit /b %ERRORLEVEL%
