// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Parameters} from "./Parameters.sol";
import {LiquidationParameters} from "./Types.sol";
import {IUpgradeable} from "./interfaces/IUpgradeable.sol";
import {IERC1822Proxiable} from "@openzeppelin/contracts/interfaces/draft-IERC1822.sol";
import {ERC1967Utils} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Utils.sol";

/// @title How the engine begins, and how its code is replaced
/// @dev Section 16. What is stored is laid out by the base contracts, in their order: a next implementation appends to
/// them and changes none of them.
abstract contract Upgrades is Parameters, IUpgradeable {
    /// @inheritdoc IUpgradeable
    /// @dev Rule U2.
    function initialize(address admin, LiquidationParameters calldata parameters) external initializer {
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
        _setLiquidationParameters(parameters);
    }

    /// @inheritdoc IUpgradeable
    /// @dev Rule U3. What is asked first is whether it is an implementation at all: one that is not could never be
    /// replaced again.
    function upgrade(address implementation) external onlyRole(DEFAULT_ADMIN_ROLE) {
        (bool answered, bytes memory answer) =
            implementation.staticcall(abi.encodeCall(IERC1822Proxiable.proxiableUUID, ()));
        if (!answered || answer.length != 32 || bytes32(answer) != ERC1967Utils.IMPLEMENTATION_SLOT) {
            revert ERC1967InvalidImplementation(implementation);
        }
        ERC1967Utils.upgradeToAndCall(implementation, "");
    }

    /// @inheritdoc IUpgradeable
    function currentImplementation() external view returns (address) {
        return ERC1967Utils.getImplementation();
    }
}
