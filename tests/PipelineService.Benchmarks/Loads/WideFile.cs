using System.Text;
using System.Text.Json.Nodes;
using PipelineService.Client.Sample;

namespace PipelineService.Benchmarks.Loads;

/// <summary>
/// Rows of many short columns, as exports of forms and sensors have them: integers, floating point, texts, dates and
/// exact numbers in turn, one value in sixteen missing.
/// </summary>
internal static class WideFile
{
    public const int ColumnCount = 200;

    private const int KindCount = 5;
    private const int MissingOneIn = 16;
    private const int ValueBytesMax = 32;
    private const int BufferBytes = 256 << 10;
    private const long FirstSecond = 1_577_836_800; // 2020-01-01
    private const int SecondsOfTenYears = 10 * 365 * 86_400;

    public static IReadOnlyList<string> Columns { get; } =
        [.. Enumerable.Range(1, ColumnCount).Select(n => $"c{n:000}")];

    public static JsonObject Define(string table, string commit, bool lineage) => new()
    {
        ["format"] = "csv",
        ["schema"] = new JsonObject { ["fields"] = new JsonArray([.. Columns.Select(Field)]) },
        ["load"] = new JsonObject { ["table"] = table, ["commit"] = commit, ["lineage"] = lineage },
    };

    public static async Task WriteAsync(string path, long rows, ulong seed)
    {
        await using FileStream file = File.Create(path);
        await file.WriteAsync(Encoding.UTF8.GetBytes(string.Join(',', Columns) + "\n"));
        byte[] buffer = new byte[BufferBytes];
        int length = 0;
        for (long row = 0; row < rows; row++)
        {
            length += WriteRow(buffer.AsSpan(length), row, seed);
            if (buffer.Length - length < ColumnCount * ValueBytesMax)
            {
                await file.WriteAsync(buffer.AsMemory(0, length));
                length = 0;
            }
        }

        await file.WriteAsync(buffer.AsMemory(0, length));
    }

    private static JsonNode Field(string name, int column)
    {
        (string type, string? sqlType) = (column % KindCount) switch
        {
            0 => ("integer", null),
            1 => ("number", "double precision"),
            2 => ("string", null),
            3 => ("date", null),
            _ => ("number", "numeric(12,2)"),
        };
        var field = new JsonObject { ["name"] = name, ["type"] = type };
        if (sqlType is not null)
        {
            field["sqlType"] = sqlType;
        }

        return field;
    }

    private static int WriteRow(Span<byte> destination, long row, ulong seed)
    {
        var cursor = new ByteCursor(destination);
        var random = new TripRandom(seed, row, purpose: 0);
        for (int column = 0; column < ColumnCount; column++)
        {
            if (random.Below(MissingOneIn) != 0)
            {
                WriteValue(ref cursor, ref random, column % KindCount);
            }

            cursor.Write(column == ColumnCount - 1 ? (byte)'\n' : (byte)',');
        }

        return cursor.Position;
    }

    private static void WriteValue(ref ByteCursor cursor, ref TripRandom random, int kind)
    {
        switch (kind)
        {
            case 0:
                cursor.WriteNumber(random.Below(1_000_000_000));
                break;
            case 2:
                WriteWord(ref cursor, ref random);
                break;
            case 3:
                cursor.WriteDate(FirstSecond + random.Below(SecondsOfTenYears));
                break;
            default:
                cursor.WriteHundredths(random.Below(10_000_000));
                break;
        }
    }

    /// <summary>4 to 15 letters.</summary>
    private static void WriteWord(ref ByteCursor cursor, ref TripRandom random)
    {
        for (int letters = 4 + random.Below(12); letters > 0; letters--)
        {
            cursor.Write((byte)('a' + random.Below(26)));
        }
    }
}
