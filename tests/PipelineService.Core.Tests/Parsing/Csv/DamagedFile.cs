using Text = System.Text.Encoding;

namespace PipelineService.Core.Tests.Parsing.Csv;

/// <summary>A file of CSV with one damaged record among good ones, made from a seed.</summary>
internal sealed class DamagedFile
{
    private static readonly string[] Words =
        ["", "a", "north", "12.5", "2026-03-01", "O'Neil", "5 inch", "é", "日本", " padded ", "x=y", "100%", "a b c", "null", "-"];

    private readonly Random _random;

    private DamagedFile(int seed)
    {
        _random = new Random(seed);
        Fields = _random.Next(2, 7);
        LineEnd = (string[])["\n", "\r\n", "\r"] is var ends ? ends[_random.Next(ends.Length)] : "";
        HasMultiline = _random.Next(2) == 0;
        int count = _random.Next(3, 40);
        Place = _random.Next(3) switch { 0 => 0, 1 => count - 1, _ => _random.Next(count) };
        string[][] records = [.. Enumerable.Range(0, count).Select(_ => new string[Fields])];
        List<string> lines = [];
        for (int i = 0; i < count; i++)
        {
            lines.Add(string.Join(',', Enumerable.Range(0, Fields).Select(field => Written(records[i][field] = ValueOf(i, field)))));
        }

        Good = [.. records.Where((_, i) => i != Place)];
        (Kind, Damaged) = DamageOf(lines[Place]);
        Line = 1 + lines.Take(Place).Sum(line => 1 + LineEndsIn(line));
        lines[Place] = Damaged;
        bool endsLast = _random.Next(3) > 0;
        byte[] bytes = Text.UTF8.GetBytes(string.Join(LineEnd, lines) + (endsLast ? LineEnd : ""));
        Bytes = Kind == "broken bytes" ? [.. bytes.Select(b => b == 0x01 ? (byte)0xFF : b)] : bytes;
    }

    public int Fields { get; }

    public string LineEnd { get; }

    public bool HasMultiline { get; }

    /// <summary>0-based index of the damaged record.</summary>
    public int Place { get; }

    /// <summary>The physical line on which it starts, from 1 on.</summary>
    public int Line { get; }

    public string Kind { get; }

    public string Damaged { get; }

    public byte[] Bytes { get; }

    /// <summary>The values of all other records.</summary>
    public string[][] Good { get; }

    /// <summary>The file of a seed; null where the damage left a record that is as good as any other.</summary>
    public static DamagedFile? Make(int seed)
    {
        DamagedFile file = new(seed);
        return file.Kind != "broken bytes" && IsRecord(file.Damaged, file.Fields, file.LineEnd) ? null : file;
    }

    /// <summary>Whether a text is, by RFC 4180 alone, one record or several of so many fields.</summary>
    public static bool IsRecord(string text, int fields, string lineEnd)
    {
        (int position, int count) = (0, 1);
        while (true)
        {
            if (position < text.Length && text[position] == '"')
            {
                for (position++; position < text.Length; position++)
                {
                    if (text[position] != '"')
                    {
                        continue;
                    }

                    if (position + 1 < text.Length && text[position + 1] == '"')
                    {
                        position++;
                        continue;
                    }

                    break;
                }

                if (position >= text.Length)
                {
                    return false;
                }

                position++;
            }
            else
            {
                while (position < text.Length && text[position] is not ',' and not '"' && !text[position..].StartsWith(lineEnd, StringComparison.Ordinal))
                {
                    position++;
                }
            }

            if (position == text.Length)
            {
                return count == fields;
            }

            if (text[position] == ',')
            {
                count++;
                position++;
            }
            else if (text[position..].StartsWith(lineEnd, StringComparison.Ordinal))
            {
                if (count != fields)
                {
                    return false;
                }

                count = 1;
                position += lineEnd.Length;
            }
            else
            {
                return false;
            }
        }
    }

    private string ValueOf(int record, int field) => field == 0
        ? $"r{record}"
        : _random.Next(10) switch
        {
            0 => $"{Word()},{Word()}",
            1 => $"say \"{Word()}\"",
            2 => $",{Word()}",
            3 => HasMultiline ? $"{Word()}{LineEnd}{Word()}" : Word(),
            4 => HasMultiline && _random.Next(3) == 0 ? $"{Word()}{LineEnd}{Word()},{Word()}{LineEnd}{LineEnd}{Word()}" : "",
            5 => _random.Next(4) == 0 ? $"\"{Word()}" : Word(),
            _ => Word(),
        };

    private string Word() => Words[_random.Next(Words.Length)];

    private string Written(string value)
    {
        bool must = value.AsSpan().ContainsAny("\",\r\n");
        return must || _random.Next(4) == 0 ? $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : value;
    }

    private int LineEndsIn(string line) => line.Split(LineEnd).Length - 1;

    private (string Kind, string Damaged) DamageOf(string line)
    {
        int[] quotes = [.. Enumerable.Range(0, line.Length).Where(i => line[i] == '"')];
        int[] commas = [.. Enumerable.Range(0, line.Length).Where(i => line[i] == ',')];
        int anywhere = _random.Next(line.Length + 1);
        int quote = quotes.Length > 0 ? quotes[_random.Next(quotes.Length)] : -1;
        int comma = commas.Length > 0 ? commas[_random.Next(commas.Length)] : -1;
        return _random.Next(8) switch
        {
            0 or 1 when quote >= 0 => ("missing quote", line.Remove(quote, 1)),
            0 or 1 or 2 => ("extra quote", line.Insert(anywhere, "\"")),
            3 when quote >= 0 => ("doubled quote", line.Insert(quote, "\"")),
            3 or 4 => ("extra delimiter", line.Insert(anywhere, ",")),
            5 when comma >= 0 => ("missing delimiter", line.Remove(comma, 1)),
            5 or 6 => ("extra line end", line.Insert(anywhere, LineEnd)),
            _ => ("broken bytes", line.Insert(anywhere, "\u0001")),
        };
    }
}
