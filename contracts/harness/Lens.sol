// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title One view of many accounts in one call
/// @dev Knows no engine: any view of one address will do.
contract Lens {
    /// @notice Asks `target` the view `selector(address)` for each account.
    /// @return answers the replies, concatenated as they are; if one fails, its revert data becomes this call's
    /// @dev Assembly: joining replies with `bytes.concat` would copy each one as often as there are accounts. The
    /// replies are written one behind the other from the free memory on, which is claimed at the end.
    function readMany(address target, bytes4 selector, address[] calldata accounts)
        external
        view
        returns (bytes memory answers)
    {
        assembly ("memory-safe") {
            answers := mload(0x40)
            let end := add(answers, 0x20)
            mstore(0x00, selector)
            for { let i := 0 } lt(i, accounts.length) { i := add(i, 1) } {
                mstore(0x04, calldataload(add(accounts.offset, mul(i, 0x20))))
                if iszero(staticcall(gas(), target, 0x00, 0x24, 0x00, 0x00)) {
                    returndatacopy(end, 0x00, returndatasize())
                    revert(end, returndatasize())
                }
                returndatacopy(end, 0x00, returndatasize())
                end := add(end, returndatasize())
            }
            mstore(answers, sub(end, add(answers, 0x20)))
            // The next free word, rounded up.
            mstore(0x40, and(add(end, 0x1f), not(0x1f)))
        }
    }
}
