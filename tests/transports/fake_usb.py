"""A USB bus for the real pyusb and pyftdi, with one FTDI chip on it."""

import errno
from types import ModuleType, SimpleNamespace
from typing import Any

from tests.transports.ftdi_chip import FtdiChip, usb_error

PACKET = 512
_INTERFACE = {"bLength": 9, "bDescriptorType": 4, "bInterfaceNumber": 0, "bAlternateSetting": 0,
              "bNumEndpoints": 2, "bInterfaceClass": 255, "bInterfaceSubClass": 255,
              "bInterfaceProtocol": 255, "iInterface": 0, "extra_descriptors": []}  # fmt: skip
_CONFIGURATION = {"bLength": 9, "bDescriptorType": 2, "wTotalLength": 32, "bNumInterfaces": 1,
                  "bConfigurationValue": 1, "iConfiguration": 0, "bmAttributes": 0x80,
                  "bMaxPower": 45, "extra_descriptors": []}  # fmt: skip
_ENDPOINT = {"bLength": 7, "bDescriptorType": 5, "bmAttributes": 2, "wMaxPacketSize": PACKET,
             "bInterval": 0, "bRefresh": 0, "bSynchAddress": 0,
             "extra_descriptors": []}  # fmt: skip
_ADDRESSES = (0x81, 0x02)


def module(chip: FtdiChip, process: object) -> ModuleType:
    """A module that pyftdi takes for one of pyusb's backends."""
    import usb.backend  # type: ignore[import-untyped]
    import usb.core  # type: ignore[import-untyped]

    def translated(error: OSError) -> Exception:
        failure: Exception = usb.core.USBError(error.strerror, -1, error.errno)
        return failure

    class Backend(usb.backend.IBackend):  # type: ignore[misc, unused-ignore]
        def _call(self, name: str, handle: Any) -> None:
            try:
                if handle != chip.address:
                    raise usb_error(errno.ENODEV)
                chip.fail_if_told(name)
            except OSError as error:
                raise translated(error) from None

        def enumerate_devices(self) -> list[int]:
            return [chip.address] if chip.plugged else []

        def get_device_descriptor(self, dev: int) -> Any:
            return SimpleNamespace(
                bLength=18, bDescriptorType=1, bcdUSB=0x200, bDeviceClass=0, bDeviceSubClass=0,
                bDeviceProtocol=0, bMaxPacketSize0=64, idVendor=0x0403, idProduct=0x6014,
                bcdDevice=chip.version, iManufacturer=0, iProduct=0, iSerialNumber=0,
                bNumConfigurations=1, address=dev, bus=1, port_number=1, port_numbers=(1,),
                speed=3,
            )  # fmt: skip

        def get_configuration_descriptor(self, dev: int, config: int) -> Any:
            if config:
                raise IndexError(config)
            return SimpleNamespace(**_CONFIGURATION)

        def get_interface_descriptor(self, dev: int, intf: int, alt: int, config: int) -> Any:
            if intf or alt:
                raise IndexError(intf)
            return SimpleNamespace(**_INTERFACE)

        def get_endpoint_descriptor(
            self, dev: int, ep: int, intf: int, alt: int, config: int
        ) -> Any:
            return SimpleNamespace(**_ENDPOINT, bEndpointAddress=_ADDRESSES[ep])

        def open_device(self, dev: int) -> int:
            self._call("open", dev)
            return dev

        def close_device(self, dev_handle: int) -> None:
            if chip.claimed_by is process:
                chip.claimed_by = None

        def get_configuration(self, dev_handle: int) -> int:
            return 1

        def set_configuration(self, dev_handle: int, config_value: int) -> None:
            if chip.claimed_by is not None:
                raise translated(usb_error(errno.EBUSY))

        def claim_interface(self, dev_handle: int, intf: int) -> None:
            self._call("claim", dev_handle)
            if intf:
                raise translated(usb_error(errno.ENOENT))
            if chip.serial_driver or chip.claimed_by not in (None, process):
                raise translated(usb_error(errno.EBUSY))
            chip.claimed_by = process

        def release_interface(self, dev_handle: int, intf: int) -> None:
            self._call("close", dev_handle)
            chip.claimed_by = None

        def is_kernel_driver_active(self, dev_handle: int, intf: int) -> bool:
            self._call("driver", dev_handle)
            if intf:
                raise translated(usb_error(errno.ENOENT))
            return chip.serial_driver

        def detach_kernel_driver(self, dev_handle: int, intf: int) -> None:
            self._call("driver", dev_handle)
            chip.serial_driver = False

        def attach_kernel_driver(self, dev_handle: int, intf: int) -> None:
            chip.serial_driver = True

        def ctrl_transfer(
            self, dev_handle: int, bmRequestType: int, bRequest: int, wValue: int, wIndex: int,  # noqa: N803
            data: Any, timeout: int,
        ) -> int:  # fmt: skip
            self._call("control", dev_handle)
            assert chip.claimed_by is process, "would disturb whoever has it"
            if bRequest == 0 and wValue in (1, 2):
                chip.purge()
            elif bRequest == 11:
                chip.set_mode(wValue >> 8)
            else:  # reset, latency timer, event and error characters
                assert bRequest in (0, 6, 7, 9), bRequest
            return 0

        def bulk_write(self, dev_handle: int, ep: int, intf: int, data: Any, timeout: int) -> int:
            assert 0 < timeout <= 1000
            self._call("write", dev_handle)
            chip.write(bytes(data))
            return len(data)

        def bulk_read(self, dev_handle: int, ep: int, intf: int, buff: Any, timeout: int) -> int:
            assert 0 < timeout <= 1000
            self._call("read", dev_handle)
            # Each packet begins with two bytes of status.
            packet = b"\x32\x60" + chip.read(PACKET - 2)
            for place, byte in enumerate(packet):
                buff[place] = byte
            return len(packet)

    found = ModuleType("fake_usb_backend")
    found.get_backend = Backend  # type: ignore[attr-defined]
    return found
