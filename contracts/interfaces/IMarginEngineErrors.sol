// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Every way in which the engine refuses, besides OpenZeppelin's two errors of access control
/// and `InvalidInitialization`.
interface IMarginEngineErrors {
    /// @notice The caller may not act for the account. Rule A2.
    error Unauthorized(address caller, address account);

    /// @notice A parameter is invalid; `name` is the field or the rule's subject. Rule P7.
    error UnsafeParameter(bytes32 name);

    /// @notice No such market is listed. Rule P8.
    error UnknownMarket(uint256 market);

    /// @notice No such collateral is listed. Rule P8.
    error UnknownCollateral(uint256 collateral);

    /// @notice The feed does not answer. Rules O1, O4.
    error FeedUnavailable(address feed);

    /// @notice The answer, in the feed's decimals, is not believed, or is less than a tick. Rules O1, O2, O4.
    error PriceOutOfBounds(address feed, int256 answer);

    /// @notice The answer is too old, or its time is impossible. Rules O1, O4.
    error PriceStale(address feed, uint256 updatedAt);

    /// @notice Two sources are too far apart (status 4), or the first has failed (5); `feed` is the first. Rules O4, O6.
    error PriceUncertain(address feed, uint256 status);

    /// @notice No units, or no amount, were named. Rules L1, B4.
    error ZeroAmount();

    /// @notice A deposit would lift the pool above its cap, both in token units. Rule L1.
    error DepositCapExceeded(uint256 collateral, uint256 poolUnits, uint256 depositCap);

    /// @notice The token did not let its units be pulled. Rules L1, L7, K4. Raised by the transfer library.
    error TransferFromFailed();

    /// @notice The token did not let its units be paid out. Rules L2, L9, K4. Raised by the transfer library.
    error TransferFailed();

    /// @notice So many units of a collateral were pulled, and so many arrived. Rule K2.
    error UnexpectedTransfer(uint256 collateral, uint256 expected, uint256 received);

    /// @notice Cash, or margin moved out of a bucket, in quote wad and before the action, does not suffice. Rules L2, B2,
    /// B4, Q6.
    error InsufficientCash(address account, int256 cash);

    /// @notice The pool of settlement tokens, in token units, does not suffice. Rules L2, L9.
    error InsufficientLiquidity(uint256 poolUnits);

    /// @notice The balance of a collateral, in token units, does not suffice. Rules L2, Q6.
    error InsufficientCollateral(address account, uint256 balance);

    /// @notice Equity of the account, or of a bucket, after the action is below initial margin, both in quote wad. Rules
    /// L2, T6, B2 to B4, Q6.
    error InsufficientMargin(address account, int256 equity, uint256 initialMargin);

    /// @notice The account's market is isolated already. Rule B2.
    error AlreadyIsolated(address account, uint256 market);

    /// @notice The account's market is not isolated. Rules B3, B4.
    error NotIsolated(address account, uint256 market);

    /// @notice The account has no position in the market. Rules L6, Q3.
    error NoPosition(address account, uint256 market);

    /// @notice The fees collected, in quote wad, do not suffice. Rule L9.
    error InsufficientFees(uint256 fees);

    /// @notice Buyer and seller are the same account. Rule T2.
    error SelfTrade(address account);

    /// @notice The size is zero or no multiple of the lot. Rules T2, Q3.
    error InvalidSize(uint256 size);

    /// @notice The price is zero or no multiple of the tick. Rule T2.
    error InvalidPrice(uint256 price);

    /// @notice The price is too far from the mark. Rule T3.
    error PriceOutsideBand(uint256 price, uint256 mark);

    /// @notice The position would grow above the limit; `size` is what it would grow to. Rule T4.
    error PositionLimitExceeded(address account, uint256 size);

    /// @notice Equity is not below maintenance margin, both in quote wad. Rule Q1.
    error AccountHealthy(address account, int256 equity, uint256 maintenanceMargin);

    /// @notice Liquidator and account are the same. Rules Q3, Q6.
    error SelfLiquidation(address account);

    /// @notice At most `permitted` may be closed now. Rule Q4.
    error CloseTooLarge(uint256 permitted);

    /// @notice The settlement token is cash and is never seized. Rule Q6.
    error NotSeizable(uint256 collateral);

    /// @notice The account's cash is not negative. Rule Q6.
    error NoDebt(address account);

    /// @notice Fewer units pay the debt, in quote wad. Rule Q6.
    error SeizureTooLarge(uint256 debt);

    /// @notice The market lets positions only shrink now; `status` says why. Rule S4.
    error OnlyReductions(uint256 market, uint256 status);

    /// @notice Open interest would rise to `openInterest`, above `most`, both base wad. Rule S4.
    error OpenInterestCapExceeded(uint256 market, uint256 openInterest, uint256 most);

    /// @notice No more than `available` units may leave now. Rule S9.
    error OutflowLimitExceeded(uint256 collateral, uint256 available);

    /// @notice Nothing leaves until then, Unix seconds. Rule S8.
    error WithdrawalsPaused(uint256 until);

    /// @notice Nobody is liquidated until then, Unix seconds. Rule S8.
    error LiquidationsPaused(uint256 until);

    /// @notice A pause lasts 1 to `longest` seconds. Rule S7.
    error InvalidPause(uint256 duration, uint256 longest);

    /// @notice There may be a pause from then on, Unix seconds. Rule S7.
    error PausedTooRecently(uint256 pausableFrom);

    /// @notice There is no pause to end. Rule S7.
    error NotPaused();

    /// @notice What stands there is no implementation of the engine. Rule U3.
    error ERC1967InvalidImplementation(address implementation);

    /// @notice A signature counted until `deadline`, Unix seconds. Rule A5.
    error SignatureExpired(uint256 deadline);

    /// @notice The account's next signature needs another nonce: this one. Rules A5, A6.
    error InvalidAccountNonce(address account, uint256 currentNonce);

    /// @notice The account has not signed this. Rules A5, A7.
    error InvalidSignature(address account);
}
