// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Several calls as one transaction
contract Bundler {
    struct Call {
        address target;
        bytes data;
    }

    address public immutable owner;

    constructor(address owner_) {
        owner = owner_;
    }

    /// @notice Makes the calls in order, all or none. If one fails, its revert data becomes this call's, unchanged.
    function run(Call[] calldata calls) external {
        require(msg.sender == owner, "only the owner");
        for (uint256 i; i < calls.length; ++i) {
            (bool success, bytes memory reply) = calls[i].target.call(calls[i].data);
            if (!success) _revertWith(reply);
        }
    }

    /// @dev Assembly: Solidity has no statement that reverts with given bytes.
    function _revertWith(bytes memory reason) private pure {
        assembly ("memory-safe") {
            revert(add(reason, 0x20), mload(reason))
        }
    }
}
