# The sidecar: `locket inject`, with nothing else in it, for `make image`. Its context is what plugin/image-rootfs.sh leaves in dist/image.
FROM scratch
COPY rootfs/ /
# Where the sidecar's user may write without a volume. A new volume that is mounted there takes over this owner and mode.
COPY --chown=65532:65532 writable/ /run/secrets/locket/
USER 65532:65532
# Its settings for users who are not root are in /etc/locket: secrets.age and local.key.
ENV LOCKET_INJECT_MODE=watch \
    LOCKET_STATUS_FILE=/dev/shm/locket/ready \
    SECRET_MAP=/templates:/run/secrets/locket \
    XDG_CONFIG_HOME=/etc
# The launcher answers without Node when all is well (ADR 0050). For engines before 25, which refuse --start-interval, plugin/dockerfile.sh changes this line.
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --start-interval=500ms --retries=3 CMD ["/locket/bin/launcher", "healthcheck"]
# `locket inject`, and every other command of locket by its name: docker run locket secret list.
ENTRYPOINT ["/locket/bin/sidecar"]
