-- Figures and tables from what the template wrote: a caption, then a picture or a table in HTML.
local html = FORMAT:match("html") ~= nil

local function caption_of(div)
  return div.content[1].content
end

-- Figures are drawn for a screen; a page is narrower.
local function on_paper(width)
  return string.format("%.2fin", 0.82 * tonumber((width:gsub("in", ""))))
end

local function figure(div)
  local picture = div.content[2].content[1]
  if not html then picture.attributes.width = on_paper(picture.attributes.width) end
  local made = pandoc.Figure({ pandoc.Plain({ picture }) }, { pandoc.Plain(caption_of(div)) })
  made.attr = pandoc.Attr(div.identifier, {})
  return made
end

-- Word breaks words in columns that are narrower than they: widths follow what stands in them.
local function weigh(weights, rows)
  for _, row in ipairs(rows) do
    local column = 1
    for _, cell in ipairs(row.cells) do
      local text = pandoc.utils.stringify(cell.contents)
      if cell.col_span == 1 then
        local need = math.min(utf8.len(text), 18) + 2
        for word in text:gmatch("%S+") do need = math.max(need, utf8.len(word) + 3) end
        weights[column] = math.max(weights[column] or 4, need)
      end
      column = column + cell.col_span
    end
  end
end

local function with_widths(made)
  local weights = {}
  weigh(weights, made.head.rows)
  for _, body in ipairs(made.bodies) do weigh(weights, body.body) end
  local total = 0
  for i = 1, #made.colspecs do total = total + (weights[i] or 4) end
  for i, spec in ipairs(made.colspecs) do
    made.colspecs[i] = { spec[1], (weights[i] or 4) / math.max(total, 70) }
  end
  return made
end

function Table(made)
  if FORMAT == "docx" then return with_widths(made) end
end

-- Word fills a contents field only when asked; these are there at once.
function Pandoc(doc)
  if FORMAT ~= "docx" then return doc end
  local entries = pandoc.List({})
  for _, block in ipairs(doc.blocks) do
    if block.t == "Header" and block.level == 1 then
      entries:insert({ pandoc.Plain({ pandoc.Link(block.content, "#" .. block.identifier) }) })
    end
  end
  doc.blocks:insert(1, pandoc.BulletList(entries))
  return doc
end

local function table_of(div)
  local made = pandoc.read(div.content[2].text, "html").blocks[1]
  if not html then
    made.caption = { long = { pandoc.Plain(caption_of(div)) } }
    made.attr = pandoc.Attr(div.identifier, {})
    return FORMAT == "docx" and with_widths(made) or made
  end
  local title = pandoc.Div({ pandoc.Para(caption_of(div)) },
    pandoc.Attr(div.identifier .. "-caption", { "caption" }))
  local scroll = pandoc.Div({ made }, pandoc.Attr("", { "scroll" },
    { { "tabindex", "0" }, { "role", "region" },
      { "aria-labelledby", div.identifier .. "-caption" } }))
  return pandoc.Div({ title, scroll }, pandoc.Attr(div.identifier, { "table" }))
end

function Div(div)
  if div.classes:includes("figure") and div.identifier ~= "" then return figure(div) end
  if div.classes:includes("table") and div.identifier ~= "" then return table_of(div) end
  local box = div.classes[1]
  if FORMAT == "typst" and (box == "summary" or box == "notice") then
    local blocks = pandoc.List({ pandoc.RawBlock("typst", "#" .. box .. "[") })
    blocks:extend(div.content)
    blocks:insert(pandoc.RawBlock("typst", "]"))
    return blocks
  end
end

function Header(header)
  if FORMAT == "typst" and header.level == 1 then
    local new = ""
    if header.classes:includes("newpage") then  -- figures stay in order from here on
      new = " #pagebreak(weak: true)\n#show figure: set figure(placement: none)"
    end
    return { pandoc.RawBlock("typst", "#place.flush()" .. new), header }
  end
  return header
end
