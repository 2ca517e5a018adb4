namespace PipelineService.Spool.Conversion.Workbooks;

/// <summary>What the numbers of a style are.</summary>
internal enum DateKind
{
    None,

    /// <summary>A day, or a moment.</summary>
    Date,

    /// <summary>A time of the day.</summary>
    Time,

    /// <summary>How long: hours may be more than a day's.</summary>
    Elapsed,
}

/// <summary>Which formats of numbers are dates. Source: ECMA-376, part 1, 18.8.30 and 18.8.31.</summary>
internal static class DateFormats
{
    /// <summary>Of a format that is built in.</summary>
    public static DateKind KindOf(int format) => format switch
    {
        (>= 14 and <= 17) or 22 or (>= 27 and <= 31) or 36 or (>= 50 and <= 58) => DateKind.Date,
        (>= 18 and <= 21) or (>= 32 and <= 35) or 45 or 47 => DateKind.Time,
        46 => DateKind.Elapsed,
        _ => DateKind.None,
    };

    /// <summary>Of one that the workbook declares; its first section, which is that of positive numbers, decides.</summary>
    public static DateKind KindOf(string code)
    {
        (bool hasDay, bool hasTime, bool isElapsed) = (false, false, false);
        for (int i = 0; i < code.Length && code[i] != ';'; i++)
        {
            switch (code[i])
            {
                case '"':
                    i = code.IndexOf('"', i + 1) is >= 0 and int end ? end : code.Length;
                    break;
                case '\\' or '_' or '*':
                    i++;
                    break;
                case '[':
                    int close = code.IndexOf(']', i);
                    close = close < 0 ? code.Length - 1 : close;
                    isElapsed |= code[(i + 1)..close].ToLowerInvariant() is "h" or "hh" or "m" or "mm" or "s" or "ss";
                    i = close;
                    break;
                case 'y' or 'Y' or 'd' or 'D' or 'e' or 'E' when code[i] is not ('e' or 'E') || IsEra(code, i):
                    hasDay = true;
                    break;
                case 'h' or 'H' or 's' or 'S':
                    hasTime = true;
                    break;
                case 'm' or 'M':
                    hasDay |= !hasTime && !NextIsSecond(code, i);
                    hasTime |= NextIsSecond(code, i);
                    break;
                case 'G' or 'g' when code.AsSpan(i).StartsWith("General", StringComparison.OrdinalIgnoreCase):
                    i += "General".Length - 1;
                    break;
            }
        }

        return isElapsed ? DateKind.Elapsed : hasDay ? DateKind.Date : hasTime ? DateKind.Time : DateKind.None;
    }

    /// <summary>An e stands for the year, but for the exponent behind a digit's place.</summary>
    private static bool IsEra(string code, int place) => place + 1 >= code.Length || code[place + 1] is not ('+' or '-');

    /// <summary>Whether an m is of minutes because seconds follow.</summary>
    private static bool NextIsSecond(string code, int place)
    {
        string rest = code[place..].TrimStart('m', 'M');
        return rest.Length > 1 && rest[0] is ':' or '.' && rest[1] is 's' or 'S';
    }
}
