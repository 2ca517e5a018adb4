using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace PipelineService.Core.Encoding.Text;

/// <summary>Regular expressions of definitions: run by the non-backtracking engine, so that the time for a text is linear in it.</summary>
public static class TextPattern
{
    /// <summary>Longer patterns are refused; the engine's time is linear in the text but grows with the pattern.</summary>
    public const int LengthMax = 1_000;

    private const int StackChars = 256;

    private const string NotLinear =
        "pattern cannot be used: look-around, back references and the like are not taken, so that the time for a value stays proportional "
        + "to its length; nor are repetitions by the thousand.";

    private const RegexOptions Options = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;

    /// <summary>What is wrong with a pattern, as a sentence; null when nothing is.</summary>
    public static string? FaultOf(string pattern) => TryCompile(pattern, out _, out string? fault) ? null : fault;

    /// <summary>Compiles a pattern without faults.</summary>
    public static Regex Compile(string pattern) =>
        TryCompile(pattern, out Regex? regex, out string? fault) ? regex : throw new FieldFaultException(fault);

    /// <summary>The same, so that it matches whole texts only.</summary>
    internal static Regex CompileWhole(string pattern)
    {
        // On its own first: brackets that do not match could close the group put around it.
        _ = Compile(pattern);
        try
        {
            return new Regex($@"\A(?:{pattern})\z", Options);
        }
        catch (NotSupportedException)
        {
            throw new FieldFaultException(NotLinear); // with what was put around it, it is larger than the engine takes
        }
    }

    /// <param name="text">Valid UTF-8.</param>
    internal static bool IsMatch(Regex pattern, ReadOnlySpan<byte> text)
    {
        // UTF-16 never has more units than UTF-8 has bytes.
        char[]? rented = text.Length > StackChars ? ArrayPool<char>.Shared.Rent(text.Length) : null;
        Span<char> chars = rented ?? stackalloc char[StackChars];
        int length = System.Text.Encoding.UTF8.GetChars(text, chars);
        bool isMatch = pattern.IsMatch(chars[..length]);
        if (rented is not null)
        {
            ArrayPool<char>.Shared.Return(rented);
        }

        return isMatch;
    }

    private static bool TryCompile(
        string pattern, [NotNullWhen(true)] out Regex? regex, [NotNullWhen(false)] out string? fault)
    {
        regex = null;
        fault = null;
        if (pattern.Length > LengthMax)
        {
            fault = $"pattern is longer than {LengthMax} characters.";
            return false;
        }

        try
        {
            regex = new Regex(pattern, Options);
            return true;
        }
        catch (RegexParseException exception)
        {
            fault = $"pattern cannot be read at character {exception.Offset + 1}: {WordsOf(exception.Error)}.";
        }
        catch (NotSupportedException)
        {
            fault = NotLinear;
        }

        return false;
    }

    /// <summary><c>InsufficientClosingParentheses</c> as people read it.</summary>
    private static string WordsOf(RegexParseError error) =>
        string.Concat(error.ToString().Select((c, i) =>
            i > 0 && char.IsUpper(c) ? $" {char.ToLowerInvariant(c)}" : $"{char.ToLowerInvariant(c)}"));
}
