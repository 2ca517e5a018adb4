using System.Buffers;

namespace PipelineService.Core.Parsing.Csv;

/// <summary>
/// The apostrophe before a cell that a spreadsheet would run as a formula, and its removal. Exact: what was guarded comes
/// back as it was, whatever it was, because a value that looks guarded already is guarded once more.
/// </summary>
/// <remarks>
/// Source: https://owasp.org/www-community/attacks/CSV_Injection. A telephone number (<c>+49 30 1234</c>) is guarded too,
/// which has a spreadsheet leave it alone.
/// </remarks>
public static class FormulaGuard
{
    /// <summary>What is written before the value.</summary>
    public const byte Mark = (byte)'\'';

    private static readonly SearchValues<byte> NumberBytes = SearchValues.Create("0123456789.,"u8);

    private static ReadOnlySpan<byte> Signs => "=+-@\t\r\n"u8;

    /// <summary>Whether a value must be written with a mark before it.</summary>
    public static bool Needs(ReadOnlySpan<byte> value) =>
        IsSigned(value.TrimStart(Mark)) && !IsNegativeNumber(value);

    /// <summary>The value that a cell was written for; a cell without a guard is its own value.</summary>
    public static ReadOnlySpan<byte> Undo(ReadOnlySpan<byte> cell) =>
        !cell.IsEmpty && cell[0] == Mark && IsSigned(cell.TrimStart(Mark)) ? cell[1..] : cell;

    private static bool IsSigned(ReadOnlySpan<byte> text) => !text.IsEmpty && Signs.Contains(text[0]);

    /// <summary>Harmless, and a cell of numbers is to stay one.</summary>
    private static bool IsNegativeNumber(ReadOnlySpan<byte> value) =>
        value[0] == (byte)'-' && value.Length > 1 && !value[1..].ContainsAnyExcept(NumberBytes);
}
