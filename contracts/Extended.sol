// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Safety} from "./libraries/Safety.sol";
import {Proxy} from "@openzeppelin/contracts/proxy/Proxy.sol";

/// @title Code that goes on at another address
/// @dev Functions that it does not have itself it runs from there as its own, on its own storage, which both lay out
/// alike, because both begin with `Funding`. No function stands in both: the one here would hide the other.
abstract contract Extended is Proxy {
    /// @dev Fixed for good, as the code that it goes on from is.
    address private immutable _EXTENSION;

    /// @param name of the extension, for the refusal. Rule P7.
    constructor(address extension, bytes32 name) {
        // A call passed on to an address without code would succeed, and do nothing.
        Safety.require_(extension.code.length > 0, name);
        _EXTENSION = extension;
    }

    /// @dev Where functions are that this code does not have.
    function _implementation() internal view override returns (address) {
        return _EXTENSION;
    }
}
