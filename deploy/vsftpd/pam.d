# Passwords are in a file that start.sh writes: /etc/shadow cannot be, where the root file system is read-only.
auth    required pam_pwdfile.so pwdfile=/run/vsftpd/users
account required pam_permit.so
