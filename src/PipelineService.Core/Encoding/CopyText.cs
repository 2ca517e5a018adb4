using System.Buffers;
using System.Buffers.Binary;
using PipelineService.Core.Datasets;

namespace PipelineService.Core.Encoding;

/// <summary>
/// Encoded rows as the lines of COPY's text form: for tables with a column that only the input function of its type can
/// read. COPY has one form for all columns, and in this one PostgreSQL reads each of them as <c>\copy</c> has it read.
/// </summary>
/// <remarks>
/// Owned by one writer and used again; nothing is allocated for a row. Format: PostgreSQL documentation, COPY, "Text Format"
/// (https://www.postgresql.org/docs/current/sql-copy.html): a tab between values, <c>\N</c> for NULL, backslashes before what
/// would be taken for either. Every line ends its row, so that a part of them is a COPY too: who cannot send them all must
/// end the COPY with a failure.
/// </remarks>
public sealed class CopyText(RowPlan plan)
{
    private const int InitialBytes = 64 << 10;

    private readonly ArrayBufferWriter<byte> _lines = new(InitialBytes);
    private readonly SqlType[] _types =
    [
        .. plan.Columns.Select(c => c.Field.SentType),
        .. (plan.Definition.Load.Lineage ? LineageColumns.Types : []).Select(type => new SqlType(type)),
    ];

    /// <summary>The lines of the rows that were appended since the last <see cref="Clear"/>.</summary>
    public ReadOnlyMemory<byte> Lines => _lines.WrittenMemory;

    public void Clear() => _lines.ResetWrittenCount();

    /// <summary>Appends a row as it stands in a <see cref="RowBuffer"/>.</summary>
    public void Append(ReadOnlySpan<byte> row)
    {
        row = row[sizeof(short)..];
        for (int column = 0; column < _types.Length; column++)
        {
            if (column > 0)
            {
                _lines.Write("\t"u8);
            }

            int length = BinaryPrimitives.ReadInt32BigEndian(row);
            row = row[sizeof(int)..];
            if (length < 0)
            {
                _lines.Write("\\N"u8);
                continue;
            }

            ValueText.Write(_types[column], row[..length], _lines);
            row = row[length..];
        }

        _lines.Write("\n"u8);
    }
}
