// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAccounts} from "./IAccounts.sol";
import {IBuckets} from "./IBuckets.sol";
import {IDelegation} from "./IDelegation.sol";
import {IGovernance} from "./IGovernance.sol";
import {IGuardian} from "./IGuardian.sol";
import {ILedger} from "./ILedger.sol";
import {ILiquidation} from "./ILiquidation.sol";
import {IMarginEngineErrors} from "./IMarginEngineErrors.sol";
import {IMarginEngineEvents} from "./IMarginEngineEvents.sol";
import {IParameters} from "./IParameters.sol";
import {ITrading} from "./ITrading.sol";
import {IUpgradeable} from "./IUpgradeable.sol";
import {IViews} from "./IViews.sol";

/// @title An exchange for linear perpetuals with cross and isolated margin: everything that its one address answers
/// @notice Written from the specification, whose rule numbers are cited. Units: `units` of a token are its smallest;
/// sizes are base wad, prices, cash, equity and margins quote wad, rates wad. A wad is 10^-18.
/// @dev No contract is this interface: `MarginEngine` has all but `IViews`, `IGovernance`, `IGuardian`, `IUpgradeable` and `IDelegation`, which it
/// passes on.
interface IMarginEngine is
    IMarginEngineErrors,
    IMarginEngineEvents,
    IAccounts,
    IBuckets,
    IParameters,
    ILedger,
    ITrading,
    ILiquidation,
    IViews,
    IGovernance,
    IGuardian,
    IUpgradeable,
    IDelegation
{}
