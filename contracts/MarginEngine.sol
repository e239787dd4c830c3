// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Extended} from "./Extended.sol";
import {Liquidation} from "./Liquidation.sol";
import {IERC1822Proxiable} from "@openzeppelin/contracts/interfaces/draft-IERC1822.sol";
import {ERC1967Utils} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Utils.sol";

/// @title The bundled margin engine
/// @notice Several markets, several collaterals, one pool of collateral behind all positions of an account.
/// @dev Read in this order: `Accounts` (who holds what), `Parameters` (what is listed), `Funding` (what one side pays
/// the other), `Risk` (what an account is worth and must be worth), `Ledger` (money), `Buckets` (isolated margin),
/// `Trading`, `Liquidation`; and `Views` and `Governance`, whose functions this contract has at its own address although
/// their code stands at two others: together they would be too large. What this contract does not have is looked for in
/// `Views`, what that does not have in `Governance`; what none has is refused there.
/// All three are code alone: `EngineProxy` stores what they write, and runs this contract until an upgrade (`Upgrades`).
contract MarginEngine is Liquidation, Extended, IERC1822Proxiable {
    /// @dev Where this code stands.
    address private immutable _SELF = address(this);

    /// @param views a deployed `Views`
    constructor(address views) Extended(views, "views") {}

    /// @inheritdoc IERC1822Proxiable
    /// @dev Rule U3. Of the code alone: a proxy that ran itself would run for ever.
    function proxiableUUID() external view returns (bytes32) {
        return address(this) == _SELF ? ERC1967Utils.IMPLEMENTATION_SLOT : bytes32(0);
    }

    /// @dev Rules G1, G2: nothing that is passed on is done or answered while an action runs. It stands here once for all
    /// functions of `Views` and `Governance`; those that this contract has itself each carry their modifier.
    function _fallback() internal override nonReentrantView {
        super._fallback();
    }
}
